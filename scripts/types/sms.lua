---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---What people do with messages rather than with PDUs: text in all alphabets, long messages, and the ids of receipts. What is too long or not in the alphabet that was asked for returns nil and an error; the text must be UTF-8.
---@class smslib
sms = {}

---Makes the submit_sm for a text, one for each part: 160 septets or 140 octets or 70 UCS-2 units alone, 153, 134 or 67 of several. No part ends within a character.
---
---To be called in: anywhere.
---```lua
---for _, part in ipairs(assert(sms.submit { to = p.source_addr, from = p.destination_addr, text = ("grüße "):rep(40), receipt = true })) do
---  assert(esme.send_pdu(part))
---end
---```
---@param message { to: string, from?: string, text: string, receipt?: boolean, validity?: duration, encoding?: ("auto"|"gsm"|"gsm_packed"|"ascii"|"latin1"|"cyrillic"|"hebrew"|"ucs2"|"shift_jis"|"iso_2022_jp"|"euc_jp"|"euc_kr"|"binary"), data_coding?: integer, languages?: ("turkish"|"spanish"|"portuguese"|"bengali"|"gujarati"|"hindi"|"kannada"|"malayalam"|"oriya"|"punjabi"|"tamil"|"telugu"|"urdu"[]), flash?: boolean, split?: ("udh8"|"udh16"|"sar"|"payload"), ref?: integer, ports?: { destination: integer, source?: integer }, elements?: table[], [string]: any } # and any other field or TLV of submit_sm
---@return PDU[]? parts # ready submit_sm, in order
---@return Error? err # nil, or what went wrong: too_long, not_in_alphabet, invalid_text
function sms.submit(message) end

---Cuts a text into parts, for PDUs that sms.submit does not make.
---
---To be called in: anywhere.
---```lua
---local parts = assert(sms.split(("long "):rep(40), { split = "sar", ref = 7 }))
---assert(#parts == 2 and parts[2].sar_segment_seqnum == 2)
---local data = pdu.deliver_sm { source_addr = "1", destination_addr = "2" }:with(parts[1])
---assert(data.sar_msg_ref_num == 7)
---```
---@param text string # in UTF-8
---@param opts? { encoding?: ("auto"|"gsm"|"gsm_packed"|"ascii"|"latin1"|"cyrillic"|"hebrew"|"ucs2"|"shift_jis"|"iso_2022_jp"|"euc_jp"|"euc_kr"|"binary"), data_coding?: integer, languages?: ("turkish"|"spanish"|"portuguese"|"bengali"|"gujarati"|"hindi"|"kannada"|"malayalam"|"oriya"|"punjabi"|"tamil"|"telugu"|"urdu"[]), flash?: boolean, split?: ("udh8"|"udh16"|"sar"|"payload"), ref?: integer, ports?: { destination: integer, source?: integer }, elements?: table[] } # how it is to be written
---@return table[]? parts # for each part the fields of a submit_sm or deliver_sm: data_coding, esm_class, short_message, or TLVs
---@return Error? err # nil, or what went wrong: too_long, not_in_alphabet, invalid_text
function sms.split(text, opts) end

---Writes a text as octets.
---
---To be called in: anywhere.
---```lua
---local octets, data_coding = sms.encode("1 €")
---assert(octets == "1 \27e" and data_coding == 0)
---assert(select(2, sms.encode("ж", { encoding = "latin1" })).code == "not_in_alphabet")
---```
---@param text string # in UTF-8
---@param opts? { encoding?: ("auto"|"gsm"|"gsm_packed"|"ascii"|"latin1"|"cyrillic"|"hebrew"|"ucs2"|"shift_jis"|"iso_2022_jp"|"euc_jp"|"euc_kr"|"binary"), data_coding?: integer } # how it is to be written
---@return string? octets # the text, of up to 256 KiB
---@return integer|Error data_coding # that goes with it; or the error: not_in_alphabet, invalid_text, too_long
function sms.encode(text, opts) end

---Reads octets as text. p.text does it for a PDU, with its header.
---
---To be called in: anywhere.
---```lua
---assert(sms.decode("\27e", 0) == "€")
---assert(sms.decode("\4\54", "ucs2") == "ж")
---assert(sms.decode("\27i", 0, { single = "turkish" }) == "ı")
---```
---@param octets string # without a user data header
---@param coding integer|string # a data_coding (0 is what it means in messages from this SMSC), or the name of an alphabet
---@param opts? { locking?: ("turkish"|"spanish"|"portuguese"|"bengali"|"gujarati"|"hindi"|"kannada"|"malayalam"|"oriya"|"punjabi"|"tamil"|"telugu"|"urdu"), single?: ("turkish"|"spanish"|"portuguese"|"bengali"|"gujarati"|"hindi"|"kannada"|"malayalam"|"oriya"|"punjabi"|"tamil"|"telugu"|"urdu") } # for gsm
---@return string? text # in UTF-8; what means nothing in the alphabet is U+FFFD
---@return Error? err # nil, or what went wrong: no_text: the data_coding is of none that is known; too_long
function sms.decode(octets, coding, opts) end

---Counts a text as operators do.
---
---To be called in: anywhere.
---```lua
---local n = assert(sms.length(("a"):rep(161)))
---assert(n.alphabet == "gsm" and n.septets == 161 and n.parts == 2 and n.per_part == 153 and n.remaining == 145)
---```
---@param text string # in UTF-8
---@param opts? { encoding?: ("auto"|"gsm"|"gsm_packed"|"ascii"|"latin1"|"cyrillic"|"hebrew"|"ucs2"|"shift_jis"|"iso_2022_jp"|"euc_jp"|"euc_kr"|"binary"), data_coding?: integer, languages?: ("turkish"|"spanish"|"portuguese"|"bengali"|"gujarati"|"hindi"|"kannada"|"malayalam"|"oriya"|"punjabi"|"tamil"|"telugu"|"urdu"[]), flash?: boolean, split?: ("udh8"|"udh16"|"sar"|"payload"), ref?: integer, ports?: { destination: integer, source?: integer }, elements?: table[] } # how it is to be written
---@return table? length # alphabet, data_coding, units (septets of gsm, UCS-2 units, else octets), septets (units, of gsm), parts, per_part (units that a part holds), remaining (units free in the last part), locking_shift and single_shift where national tables are used
---@return Error? err # nil, or what went wrong: too_long, not_in_alphabet, invalid_text
function sms.length(text, opts) end

---Puts long messages together: their parts may come in any order and twice. A PDU that is whole by itself is a message at once. A part that repeats one of a message that was whole in the last 5 minutes is a duplicate, unless one that is new follows: then both are of a new message. Parts are kept for the bind, also over a reload and a new session. A message whose parts do not all come within 30 minutes, or whose room is needed (1000 messages, 1 MiB), goes as far as it has come to handle_info: {event = "incomplete_message", message}.
---
---To be called in: callbacks and tasks.
---```lua
---local message = sms.reassemble(p)
---if message then log.info(message.text, { from = message.source_addr }) end
---```
---@param p PDU # a deliver_sm or data_sm
---@return table? message # the whole message, when its last part is in: text (UTF-8; nil if it is no text), octets (the parts as they came, without headers), source_addr, destination_addr, data_coding, total and parts (how many there are), complete, destination_port, source_port, reference; and of one that is given up missing (numbers) and reason (timeout, limit, reference_reused).
---@return "whole"|"waiting"|"duplicate" state # what became of the PDU: with waiting and duplicate the message is nil
function sms.reassemble(p) end

---Compares message ids in the forms that SMSCs give them in: verbatim, in another case, with zeros in front, one in hexadecimal digits and the other in decimal ones.
---
---To be called in: anywhere.
---```lua
---assert(sms.same_id("0A1B", "2587") and sms.same_id("007", "7") and not sms.same_id("7", "8"))
---```
---@param a string # a message_id
---@param b string # another one, such as p.receipt.id
---@return boolean same # whether they are one
function sms.same_id(a, b) end

return sms
