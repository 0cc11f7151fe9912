-- what no script has: loadstring
-- ends: refused
return {
  handle_pdu = function(p, state)
    loadstring("return 1")()
  end,
}
