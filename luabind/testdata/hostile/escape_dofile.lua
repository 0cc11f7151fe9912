-- what no script has: dofile
-- ends: refused
return {
  handle_pdu = function(p, state)
    dofile()
  end,
}
