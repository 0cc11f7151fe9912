-- what no script has: collectgarbage
-- ends: refused
return {
  handle_pdu = function(p, state)
    collectgarbage()
  end,
}
