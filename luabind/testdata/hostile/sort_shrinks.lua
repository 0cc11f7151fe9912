-- lists that change while they are sorted, joined and gone through
-- ends: fine limits error
return {
  handle_pdu = function(p, state)
    for round = 1, 50 do
      local t = {}
      for i = 1, 300 do t[i] = i * 7919 % 301 end
      pcall(table.sort, t, function(a, b) t[#t] = nil t[#t + 1] = a if #t > 100 then table.remove(t, 1) end return a < b end)
      for k in pairs(t) do t[k] = nil t[-k] = k t[k .. ""] = k end
      for k, v in ipairs(t) do table.insert(t, 1, v) if k > 100 then break end end
      pcall(function() local k = next(t) while k do t[k] = nil k = next(t, k) end end)
    end
  end,
}
