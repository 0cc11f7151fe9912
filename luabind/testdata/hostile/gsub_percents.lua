-- a replacement of many percent signs
-- ends: error limits fine
return {
  handle_pdu = function(p, state)
    return ("x"):rep(100):gsub("x", ("%%"):rep(1000000))
  end,
}
