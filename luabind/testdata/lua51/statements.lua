-- 2.4: assignments, control structures, for
local i, a = 3, {}
i, a[i] = i + 1, 20
print(i, a[3], a[4])
local x, y = 1, 2
x, y = y, x
print(x, y)
local p, q, r = (function() return 1, 2, 3 end)()
print(p, q, r)
local s, t = ((function() return 1, 2 end)())
print(s, t)
local u, v, w = 0, (function() return 1, 2 end)()
print(u, v, w)
local n = 0
while n < 3 do n = n + 1 if n == 2 then break end end
print(n)
repeat local done = n >= 5 n = n + 1 until done
print(n)
for k = 10, 1, -4 do print("down", k) end
for k = 1, 0 do print("never") end
for k = 0.1, 0.35, 0.1 do print("fraction", k) end
for k = 1, 3 do local k = k * 2 print("shadow", k) end
if nil then print "no" elseif 0 then print "zero is true" else print "no" end
for k, v in next, { 10 } do print(k, v) end
local fns = {}
for k = 1, 3 do fns[k] = function() return k end end
print(fns[1](), fns[2](), fns[3]())
do local function f() return 1 end local g = f f = nil print(g()) end
local t1 = {}
for k = 1, 3 do
  for j = 1, 3 do
    if j == 2 then break end
    t1[#t1 + 1] = k .. ":" .. j
  end
end
print(table.concat(t1, " "))
local function branch(n)
  if n == 0 then return 0
  elseif n == 1 then return 3
  elseif n == 2 then return 6
  elseif n == 3 then return 9
  elseif n == 4 then return 12
  elseif n == 5 then return 15
  elseif n == 6 then return 18
  elseif n == 7 then return 21
  elseif n == 8 then return 24
  elseif n == 9 then return 27
  elseif n == 10 then return 30
  elseif n == 11 then return 33
  elseif n == 12 then return 36
  elseif n == 13 then return 39
  elseif n == 14 then return 42
  elseif n == 15 then return 45
  elseif n == 16 then return 48
  elseif n == 17 then return 51
  elseif n == 18 then return 54
  elseif n == 19 then return 57
  elseif n == 20 then return 60
  elseif n == 21 then return 63
  elseif n == 22 then return 66
  elseif n == 23 then return 69
  elseif n == 24 then return 72
  elseif n == 25 then return 75
  elseif n == 26 then return 78
  elseif n == 27 then return 81
  elseif n == 28 then return 84
  elseif n == 29 then return 87
  elseif n == 30 then return 90
  elseif n == 31 then return 93
  elseif n == 32 then return 96
  elseif n == 33 then return 99
  elseif n == 34 then return 102
  elseif n == 35 then return 105
  elseif n == 36 then return 108
  elseif n == 37 then return 111
  elseif n == 38 then return 114
  elseif n == 39 then return 117
  elseif n == 40 then return 120
  elseif n == 41 then return 123
  elseif n == 42 then return 126
  elseif n == 43 then return 129
  elseif n == 44 then return 132
  elseif n == 45 then return 135
  elseif n == 46 then return 138
  elseif n == 47 then return 141
  elseif n == 48 then return 144
  elseif n == 49 then return 147
  elseif n == 50 then return 150
  elseif n == 51 then return 153
  elseif n == 52 then return 156
  elseif n == 53 then return 159
  elseif n == 54 then return 162
  elseif n == 55 then return 165
  elseif n == 56 then return 168
  elseif n == 57 then return 171
  elseif n == 58 then return 174
  elseif n == 59 then return 177
  elseif n == 60 then return 180
  elseif n == 61 then return 183
  elseif n == 62 then return 186
  elseif n == 63 then return 189
  elseif n == 64 then return 192
  elseif n == 65 then return 195
  elseif n == 66 then return 198
  elseif n == 67 then return 201
  elseif n == 68 then return 204
  elseif n == 69 then return 207
  elseif n == 70 then return 210
  elseif n == 71 then return 213
  elseif n == 72 then return 216
  elseif n == 73 then return 219
  elseif n == 74 then return 222
  elseif n == 75 then return 225
  elseif n == 76 then return 228
  elseif n == 77 then return 231
  elseif n == 78 then return 234
  elseif n == 79 then return 237
  elseif n == 80 then return 240
  elseif n == 81 then return 243
  elseif n == 82 then return 246
  elseif n == 83 then return 249
  elseif n == 84 then return 252
  elseif n == 85 then return 255
  elseif n == 86 then return 258
  elseif n == 87 then return 261
  elseif n == 88 then return 264
  elseif n == 89 then return 267
  elseif n == 90 then return 270
  elseif n == 91 then return 273
  elseif n == 92 then return 276
  elseif n == 93 then return 279
  elseif n == 94 then return 282
  elseif n == 95 then return 285
  elseif n == 96 then return 288
  elseif n == 97 then return 291
  elseif n == 98 then return 294
  elseif n == 99 then return 297
  elseif n == 100 then return 300
  elseif n == 101 then return 303
  elseif n == 102 then return 306
  elseif n == 103 then return 309
  elseif n == 104 then return 312
  elseif n == 105 then return 315
  elseif n == 106 then return 318
  elseif n == 107 then return 321
  elseif n == 108 then return 324
  elseif n == 109 then return 327
  elseif n == 110 then return 330
  elseif n == 111 then return 333
  elseif n == 112 then return 336
  elseif n == 113 then return 339
  elseif n == 114 then return 342
  elseif n == 115 then return 345
  elseif n == 116 then return 348
  elseif n == 117 then return 351
  elseif n == 118 then return 354
  elseif n == 119 then return 357
  elseif n == 120 then return 360
  elseif n == 121 then return 363
  elseif n == 122 then return 366
  elseif n == 123 then return 369
  elseif n == 124 then return 372
  elseif n == 125 then return 375
  elseif n == 126 then return 378
  elseif n == 127 then return 381
  elseif n == 128 then return 384
  elseif n == 129 then return 387
  elseif n == 130 then return 390
  elseif n == 131 then return 393
  elseif n == 132 then return 396
  elseif n == 133 then return 399
  elseif n == 134 then return 402
  elseif n == 135 then return 405
  elseif n == 136 then return 408
  elseif n == 137 then return 411
  elseif n == 138 then return 414
  elseif n == 139 then return 417
  elseif n == 140 then return 420
  elseif n == 141 then return 423
  elseif n == 142 then return 426
  elseif n == 143 then return 429
  elseif n == 144 then return 432
  elseif n == 145 then return 435
  elseif n == 146 then return 438
  elseif n == 147 then return 441
  elseif n == 148 then return 444
  elseif n == 149 then return 447
  elseif n == 150 then return 450
  elseif n == 151 then return 453
  elseif n == 152 then return 456
  elseif n == 153 then return 459
  elseif n == 154 then return 462
  elseif n == 155 then return 465
  elseif n == 156 then return 468
  elseif n == 157 then return 471
  elseif n == 158 then return 474
  elseif n == 159 then return 477
  elseif n == 160 then return 480
  elseif n == 161 then return 483
  elseif n == 162 then return 486
  elseif n == 163 then return 489
  elseif n == 164 then return 492
  elseif n == 165 then return 495
  elseif n == 166 then return 498
  elseif n == 167 then return 501
  elseif n == 168 then return 504
  elseif n == 169 then return 507
  elseif n == 170 then return 510
  elseif n == 171 then return 513
  elseif n == 172 then return 516
  elseif n == 173 then return 519
  elseif n == 174 then return 522
  elseif n == 175 then return 525
  elseif n == 176 then return 528
  elseif n == 177 then return 531
  elseif n == 178 then return 534
  elseif n == 179 then return 537
  elseif n == 180 then return 540
  elseif n == 181 then return 543
  elseif n == 182 then return 546
  elseif n == 183 then return 549
  elseif n == 184 then return 552
  elseif n == 185 then return 555
  elseif n == 186 then return 558
  elseif n == 187 then return 561
  elseif n == 188 then return 564
  elseif n == 189 then return 567
  elseif n == 190 then return 570
  elseif n == 191 then return 573
  elseif n == 192 then return 576
  elseif n == 193 then return 579
  elseif n == 194 then return 582
  elseif n == 195 then return 585
  elseif n == 196 then return 588
  elseif n == 197 then return 591
  elseif n == 198 then return 594
  elseif n == 199 then return 597
  elseif n == 200 then return 600
  elseif n == 201 then return 603
  elseif n == 202 then return 606
  elseif n == 203 then return 609
  elseif n == 204 then return 612
  elseif n == 205 then return 615
  elseif n == 206 then return 618
  elseif n == 207 then return 621
  elseif n == 208 then return 624
  elseif n == 209 then return 627
  elseif n == 210 then return 630
  elseif n == 211 then return 633
  elseif n == 212 then return 636
  elseif n == 213 then return 639
  elseif n == 214 then return 642
  elseif n == 215 then return 645
  elseif n == 216 then return 648
  elseif n == 217 then return 651
  elseif n == 218 then return 654
  elseif n == 219 then return 657
  elseif n == 220 then return 660
  elseif n == 221 then return 663
  elseif n == 222 then return 666
  elseif n == 223 then return 669
  elseif n == 224 then return 672
  elseif n == 225 then return 675
  elseif n == 226 then return 678
  elseif n == 227 then return 681
  elseif n == 228 then return 684
  elseif n == 229 then return 687
  elseif n == 230 then return 690
  elseif n == 231 then return 693
  elseif n == 232 then return 696
  elseif n == 233 then return 699
  elseif n == 234 then return 702
  elseif n == 235 then return 705
  elseif n == 236 then return 708
  elseif n == 237 then return 711
  elseif n == 238 then return 714
  elseif n == 239 then return 717
  elseif n == 240 then return 720
  elseif n == 241 then return 723
  elseif n == 242 then return 726
  elseif n == 243 then return 729
  elseif n == 244 then return 732
  elseif n == 245 then return 735
  elseif n == 246 then return 738
  elseif n == 247 then return 741
  elseif n == 248 then return 744
  elseif n == 249 then return 747
  elseif n == 250 then return 750
  elseif n == 251 then return 753
  elseif n == 252 then return 756
  elseif n == 253 then return 759
  elseif n == 254 then return 762
  elseif n == 255 then return 765
  elseif n == 256 then return 768
  elseif n == 257 then return 771
  elseif n == 258 then return 774
  elseif n == 259 then return 777
  else return "none" end
end
print(branch(0), branch(1), branch(199), branch(200), branch(230), branch(259), branch(260))
return {}
