-- what no script has: undeclared
-- ends: refused
return {
  handle_pdu = function(p, state)
    leaked = 1
  end,
}
