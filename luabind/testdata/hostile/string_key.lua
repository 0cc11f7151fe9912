-- long strings as keys without end
-- ends: limits
return {
  handle_pdu = function(p, state)
    local s, t = ("x"):rep(4000000), {}
    while true do t[s] = 1 end
  end,
}
