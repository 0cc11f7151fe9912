-- log lines without end
-- ends: limits
return {
  handle_pdu = function(p, state)
    while true do log.error(("x"):rep(1000), { a = 1 }) print("y") end
  end,
}
