-- a state that grows over many callbacks
-- ends: fine limits
return {
  init = function() return { hoard = {} } end,
  handle_pdu = function(_, state)
    for i = 1, 100000 do state.hoard[#state.hoard + 1] = { i } end
    return state
  end,
}
