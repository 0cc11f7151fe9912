-- maps full of what is large, small and strange, deleted while they are gone through
-- ends: fine limits error
return {
  handle_pdu = function(p, state)
    for n = 1, 110 do
      local m = map.open("m" .. n, { max = 5000000, ttl = "1ms" })
      if not m then break end
      for i = 1, 100 do m:set(i .. ("k"):rep(1000), { p, { i }, ("v"):rep(1000) }) end
      for k in m:pairs() do m:delete(k) m:set(k .. "x", k) m:clear() end
    end
  end,
}
