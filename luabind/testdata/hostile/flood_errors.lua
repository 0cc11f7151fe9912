-- an error each time
-- ends: error
return {
  handle_pdu = function(p, state)
    error("again")
  end,
}
