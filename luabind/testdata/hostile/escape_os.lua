-- what no script has: os
-- ends: refused
return {
  handle_pdu = function(p, state)
    os.execute("true")
  end,
}
