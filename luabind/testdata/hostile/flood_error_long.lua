-- an error of four megabytes
-- ends: error
return {
  handle_pdu = function(p, state)
    error(("x"):rep(4000000))
  end,
}
