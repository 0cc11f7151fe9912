-- a state that is no data
-- ends: error
return {
  handle_pdu = function(p, state)
    return function() end
  end,
}
