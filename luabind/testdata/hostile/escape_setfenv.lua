-- what no script has: setfenv
-- ends: refused
return {
  handle_pdu = function(p, state)
    setfenv(1, {})
  end,
}
