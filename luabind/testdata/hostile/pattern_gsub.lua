-- gsub that backtracks at each octet
-- ends: limits
return {
  handle_pdu = function(p, state)
    return ("a"):rep(10000):gsub("a-a-a-a-a-b", "")
  end,
}
