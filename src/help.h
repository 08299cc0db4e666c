/* SPDX-License-Identifier: ISC */
/*
 * The text of --help.  Grouped by what people want to do; it fits a terminal
 * of 80 columns and 40 lines, and names every option that the manual does
 * (tests/manual.bats compares the two).
 */

#ifndef HELP_H
#define HELP_H

#define HELP_TEXT							\
"usage: detach [options] [--] command [argument ...]\n" \
"       detach --list | --status | --wait | --log | --stop | ... [job ...]\n" \
"Run a command that outlives its terminal, connection and login session.\n" \
"\n" \
"Start a command:\n" \
"  -n, --name=NAME          keep it as the job NAME, to be found again below\n" \
"  -f, --foreground         show its output, exit with its status\n" \
"  -p, --pidfile=FILE       write and lock a pidfile: it never runs twice\n" \
"  -P, --print-pid          print its pid (--json: the whole job)\n" \
"  -q, --quiet              print errors only\n" \
"Its input and output (\"-\" keeps what the caller has):\n" \
"  -i, --input=FILE         standard input from FILE\n" \
"  -o, --output=FILE        append standard output to FILE, or to '|COMMAND'\n" \
"  -e, --error=FILE         the same for standard error\n" \
"  -t, --truncate           truncate instead of append\n" \
"  -k, --keep-fd=N          leave descriptor N open\n" \
"Its surroundings:\n" \
"  -C, --chdir=DIR          run it in DIR\n" \
"  -E, --env=NAME[=VALUE]   set a variable (without a value: unset it)\n" \
"  -m, --umask=MODE         set the file mode mask, in octal\n" \
"  -u, --user=USER[:GROUP]  run it as USER (root only)\n" \
"      --scope=WHEN         own systemd scope: auto, always, never\n" \
"When it ends:\n" \
"      --on-exit=COMMAND    run COMMAND with /bin/sh\n" \
"      --restart=WHEN       start it again: no, on-failure, always\n" \
"                           (--restart-delay=1s, --restart-limit=N)\n" \
"      --tree               it has ended when its last descendant has\n" \
"Find it again (a job is a name, a pid, or a pidfile's path with a slash):\n" \
"      --list, --status     what runs, and how it ended (--json for programs)\n" \
"      --wait               wait for its end (--timeout=1h)\n" \
"      --log                show its output (--follow, --lines=20)\n" \
"      --stop               end it, by force after --grace=10s\n" \
"      --signal=SIGNAL      send it a signal\n" \
"      --forget             remove an ended job's record and log\n" \
"      --adopt PID          save a command that already runs ([-n NAME])\n" \
"\n" \
"detach --help prints this, --version the version; see also detach(1).\n"

#endif
