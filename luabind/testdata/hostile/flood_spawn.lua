-- tasks without end
-- ends: fine limits error
return {
  handle_pdu = function(p, state)
    while true do assert(esme.spawn(function() esme.sleep(60) end)) end
  end,
}
