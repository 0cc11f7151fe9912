-- garbage as fast as it can be made
-- ends: limits
return {
  handle_pdu = function(p, state)
    while true do local _ = { { {} }, { {} } } end
  end,
}
