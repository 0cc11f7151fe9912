-- a pattern that backtracks: options
-- ends: limits error
return {
  handle_pdu = function(p, state)
    return ("a"):rep(100):match(("a?"):rep(100) .. ("a"):rep(100) .. "b")
  end,
}
