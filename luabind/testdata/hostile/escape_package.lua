-- what no script has: package
-- ends: refused
return {
  handle_pdu = function(p, state)
    package.loaded.x = 1
  end,
}
