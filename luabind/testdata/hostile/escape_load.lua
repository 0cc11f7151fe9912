-- what no script has: load
-- ends: refused
return {
  handle_pdu = function(p, state)
    load("return 1")()
  end,
}
