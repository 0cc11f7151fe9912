-- a loop in handle_stop
-- ends: limits
return {
  handle_pdu = function() esme.stop("enough") end,
  handle_stop = function() while true do end end,
}
