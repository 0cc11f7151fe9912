-- a pattern that backtracks: stars
-- ends: limits
return {
  handle_pdu = function(p, state)
    return tostring(("a"):rep(28):find(("a*"):rep(28) .. "b"))
  end,
}
