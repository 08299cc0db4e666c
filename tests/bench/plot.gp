# SPDX-License-Identifier: ISC
#
# plot.gp: the launchers' total CPU, from rounds' lines sorted by ratio.
# `run` calls it with data and svg set.

set terminal svg size 760,560 font "sans-serif,13" background "white" noenhanced
set output svg
set datafile separator "\t"
set title "CPU time of launcher and command, over that of setsid -f"
set xrange [0:*]
set yrange [*:*] reverse
set xtics nomirror
set ytics nomirror scale 0
set grid x
set border 3
unset key
set style fill solid 0.9 noborder
set lmargin 22
ours(s) = strstrt(s, "detach,") == 1 ? 0x2b6cb0 : 0xa0aec0
plot data using ($3 / 2):0:($3 / 2):(0.36):(ours(strcol(1))):ytic(1) \
	with boxxyerror linecolor rgb variable, \
    data using 3:0:4:5 with xerrorbars pointtype 0 linecolor "#1a202c", \
    data using 5:0:(sprintf("  %.2f", $3)) with labels left
