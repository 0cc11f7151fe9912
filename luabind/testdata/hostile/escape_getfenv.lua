-- what no script has: getfenv
-- ends: refused
return {
  handle_pdu = function(p, state)
    getfenv(print)
  end,
}
