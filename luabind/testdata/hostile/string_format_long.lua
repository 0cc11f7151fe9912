-- a format of a million conversions
-- ends: error limits
return {
  handle_pdu = function(p, state)
    return string.format(("%s"):rep(1000000), 1)
  end,
}
