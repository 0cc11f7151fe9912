-- a callback that waits
-- ends: error
return {
  handle_pdu = function(p, state)
    esme.sleep(1)
  end,
}
