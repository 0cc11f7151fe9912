-- each function with what it does not take
-- ends: fine limits
return {
  handle_pdu = function(p, state)
    local junk = { nil, true, 0 / 0, -1, 1e308, "", ("x"):rep(10000), {}, { {} }, print, coroutine.create(print), p, { a = 1, [1] = 2 } }
    local fns = { esme.reply, esme.cast, esme.send, esme.whereis, esme.with_session, esme.spawn, esme.status,
      pdu.new, pdu.submit_sm, pdu.submit_multi, pdu.deliver_sm_resp, sms.submit, log.info, string.format, string.gsub, table.sort, table.concat,
      tostring, tonumber, setmetatable, getmetatable, ipairs, pairs, select, unpack, xpcall, coroutine.wrap, coroutine.resume, coroutine.status,
      math.max, math.random, assert, type, rawequal, require }
    for _, f in ipairs(fns) do
      for i = 1, 13 do
        pcall(f, junk[i])
        for j = 1, 13 do
          pcall(f, junk[i], junk[j])
          pcall(f, p, junk[i], junk[j])
        end
      end
    end
  end,
}
