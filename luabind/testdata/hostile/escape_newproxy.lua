-- what no script has: newproxy
-- ends: refused
return {
  handle_pdu = function(p, state)
    newproxy(true)
  end,
}
