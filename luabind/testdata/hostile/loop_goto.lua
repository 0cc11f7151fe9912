-- goto without end
-- ends: limits
return {
  handle_pdu = function(p, state)
    ::again::
    goto again
  end,
}
