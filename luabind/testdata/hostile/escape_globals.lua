-- what no script has: globals
-- ends: refused
return {
  handle_pdu = function(p, state)
    _G.x = 1
  end,
}
