-- log lines of a megabyte
-- ends: fine limits
return {
  handle_pdu = function(p, state)
    local s = ("x"):rep(1000000)
    log.info(s)
    print(s)
    log.info("x", { s = s, [s] = 1 })
  end,
}
