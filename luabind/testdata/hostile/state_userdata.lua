-- a state that is the PDU
-- ends: error
return {
  handle_pdu = function(p, state)
    return p
  end,
}
