# SPDX-License-Identifier: ISC
# fish completion for detach(1)

function __detach_jobs
    set -l dir $HOME/.local/state/detach
    test -n "$XDG_STATE_HOME"; and set dir $XDG_STATE_HOME/detach
    test -n "$DETACH_STATE_DIR"; and set dir $DETACH_STATE_DIR
    for job in $dir/*/
        path basename $job 2>/dev/null; or basename $job
    end
end

function __detach_verb
    string match -qr -- '^--(list|status|wait|log|stop|signal|forget)(=.*)?$' \
        (commandline -opc)
end

function __detach_is
    for verb in $argv
        contains -- $verb (commandline -opc); and return 0
    end
    return 1
end

# The words from the command on, NUL-separated; fails if there is none yet.
function __detach_command
    set -l tokens (commandline -opc) (commandline -ct)
    set -e tokens[1]
    argparse -s n/name= f/foreground i/input= o/output= e/error= t/truncate \
        p/pidfile= C/chdir= E/env=+ m/umask= u/user= k/keep-fd=+ P/print-pid \
        q/quiet on-exit= restart= restart-delay= restart-limit= tree scope= \
        json -- $tokens 2>/dev/null
    or return
    test -n "$argv"; and not string match -q -- '-*' $argv[1]
    and string join0 -- $argv
end

function __detach_launch
    not __detach_verb; and not __detach_is --adopt --help --version
    and not __detach_command >/dev/null
end

complete -c detach -f
complete -c detach -n __detach_launch -x -a '(__fish_complete_command)'
complete -c detach -n '__detach_command >/dev/null' -x \
    -a '(__fish_complete_subcommand --commandline (__detach_command | string split0))'
complete -c detach -n __detach_verb -a '(__detach_jobs)' -d job
complete -c detach -n '__detach_verb; and string match -q "*/*" -- (commandline -ct)' -F
complete -c detach -n '__detach_is --adopt' -x -a '(__fish_complete_pids)'

complete -c detach -n __detach_launch -s n -l name -x -d 'Keep the job under this name'
complete -c detach -n __detach_launch -s f -l foreground -d 'Show the output, exit with the status'
complete -c detach -n __detach_launch -s i -l input -r -F -d 'Standard input from this file'
complete -c detach -n __detach_launch -s o -l output -r -F -d 'Append standard output to this file'
complete -c detach -n __detach_launch -s e -l error -r -F -d 'Append standard error to this file'
complete -c detach -n __detach_launch -s t -l truncate -d 'Truncate instead of append'
complete -c detach -n __detach_launch -s p -l pidfile -r -F -d 'Write and lock a pidfile'
complete -c detach -n __detach_launch -s C -l chdir -x -a '(__fish_complete_directories)' -d 'Run in this directory'
complete -c detach -n __detach_launch -s E -l env -x -d 'Set or unset a variable'
complete -c detach -n __detach_launch -s m -l umask -x -d 'File mode mask, octal'
complete -c detach -n __detach_launch -s u -l user -x -a '(__fish_complete_users)' -d 'Run as this user'
complete -c detach -n __detach_launch -s k -l keep-fd -x -d 'Leave this descriptor open'
complete -c detach -n __detach_launch -s P -l print-pid -d 'Print the pid'
complete -c detach -n __detach_launch -s q -l quiet -d 'Print errors only'
complete -c detach -n __detach_launch -l on-exit -x -d 'Run this with /bin/sh at the end'
complete -c detach -n __detach_launch -l restart -x -a 'no on-failure always' -d 'Start it again'
complete -c detach -n __detach_launch -l restart-delay -x -d 'Time before a restart'
complete -c detach -n __detach_launch -l restart-limit -x -d 'How many restarts'
complete -c detach -n __detach_launch -l tree -d 'Until the last descendant has ended'
complete -c detach -n __detach_launch -l scope -x -a 'auto always never' -d 'systemd scope'
complete -c detach -n '__detach_launch; or __detach_is --list --status' -l json -d 'Print JSON'

complete -c detach -n __detach_launch -l list -d 'List the jobs'
complete -c detach -n __detach_launch -l status -d 'Print one line about a job'
complete -c detach -n __detach_launch -l wait -d 'Wait for the end of jobs'
complete -c detach -n __detach_launch -l log -d "Print a job's output"
complete -c detach -n __detach_launch -l stop -d 'End jobs'
complete -c detach -n __detach_launch -l signal -x -a '(kill -l | string split " ")' -d 'Send a signal'
complete -c detach -n __detach_launch -l forget -d 'Remove records and logs'
complete -c detach -n __detach_launch -l adopt -d 'Save a command that already runs'
complete -c detach -n __detach_launch -l help -d 'Print a summary'
complete -c detach -n __detach_launch -l version -d 'Print the version'

complete -c detach -n '__detach_is --wait' -l timeout -x -d 'How long to wait'
complete -c detach -n '__detach_is --log' -l follow -d 'Until the job ends'
complete -c detach -n '__detach_is --log' -l lines -x -d 'The last lines only'
complete -c detach -n '__detach_is --stop' -l grace -x -d 'Time before SIGKILL'
complete -c detach -n '__detach_is --adopt' -s n -l name -x -d 'Keep it under this name'
complete -c detach -n '__detach_is --adopt' -s o -l output -r -F -d 'Append its output to this file'
complete -c detach -n '__detach_is --adopt' -s p -l pidfile -r -F -d 'Write and lock a pidfile'
