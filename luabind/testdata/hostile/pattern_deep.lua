-- a pattern of many captures and options
-- ends: error limits fine
return {
  handle_pdu = function(p, state)
    pcall(string.find, "a", ("("):rep(100000))
    pcall(string.find, ("a"):rep(100000), ("a?"):rep(100000))
    pcall(string.find, "", ("%f[a]"):rep(10000))
    return ("a"):rep(1000):find(("(a)"):rep(40))
  end,
}
