-- what no script has: io
-- ends: refused
return {
  handle_pdu = function(p, state)
    io.open("/etc/passwd")
  end,
}
