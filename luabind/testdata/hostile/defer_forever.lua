-- answers promised and never given
-- ends: fine
return {
  handle_pdu = function(p, state)
    esme.defer(p, "50ms")
  end,
}
