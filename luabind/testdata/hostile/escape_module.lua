-- what no script has: module
-- ends: refused
return {
  handle_pdu = function(p, state)
    module("x")
  end,
}
