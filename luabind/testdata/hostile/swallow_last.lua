-- the end of the budget caught by the last instruction
-- ends: limits
return {
  handle_pdu = function(p, state)
    pcall(function() while true do end end)
  end,
}
