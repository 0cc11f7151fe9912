-- what no script has: debug
-- ends: refused
return {
  handle_pdu = function(p, state)
    debug.getregistry()
  end,
}
