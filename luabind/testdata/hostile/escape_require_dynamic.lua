-- a module whose name is made up
-- ends: error
return {
  handle_pdu = function(p, state)
    return require(("x"):rep(3) .. p.command)
  end,
}
