-- what no script has: assign
-- ends: refused
return {
  handle_pdu = function(p, state)
    string = {}
  end,
}
