-- a pattern that backtracks: shortest first
-- ends: limits
return {
  handle_pdu = function(p, state)
    return ("a"):rep(300):match("^(.-)(.-)(.-)(.-)(.-)(.-)b$")
  end,
}
