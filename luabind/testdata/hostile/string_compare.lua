-- long strings compared without end
-- ends: limits
return {
  handle_pdu = function(p, state)
    local a, b = ("x"):rep(4000000) .. "a", ("x"):rep(4000000) .. "b"
    while true do local _ = a < b end
  end,
}
