# SPDX-License-Identifier: ISC
# bash completion for detach(1); needs nothing else, and uses
# bash-completion's _command_offset for the command's arguments if it is there.
# shellcheck disable=SC2207 # words without blanks; IFS is a newline for files

# The jobs' names: the directories of the state directory; or a pidfile.
_detach_jobs() {
	local dir=${DETACH_STATE_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/detach}
	local job names=()

	if [[ $1 == */* ]]; then
		compopt -o filenames 2>/dev/null
		local IFS=$'\n'
		COMPREPLY=($(compgen -f -- "$1"))
		return
	fi
	for job in "$dir"/*/; do
		job=${job%/}
		job=${job##*/}
		[[ $job =~ ^[A-Za-z0-9][A-Za-z0-9._+@:-]*$ ]] && names+=("$job")
	done
	COMPREPLY=($(compgen -W "${names[*]}" -- "$1"))
}

# The value of an option that takes one: _detach_value OPTION CURRENT.
_detach_value() {
	local IFS=$' \t\n'

	case $1 in
	--input|-i|--output|-o|--error|-e|--pidfile|-p)
		compopt -o filenames 2>/dev/null
		IFS=$'\n' COMPREPLY=($(compgen -f -- "$2")) ;;
	--chdir|-C)
		compopt -o filenames 2>/dev/null
		IFS=$'\n' COMPREPLY=($(compgen -d -- "$2")) ;;
	--env|-E)
		COMPREPLY=($(compgen -v -S = -- "$2"))
		compopt -o nospace 2>/dev/null ;;
	--user|-u)
		COMPREPLY=($(compgen -u -- "$2")) ;;
	--on-exit)
		COMPREPLY=($(compgen -c -- "$2")) ;;
	--restart)
		COMPREPLY=($(compgen -W 'no on-failure always' -- "$2")) ;;
	--scope)
		COMPREPLY=($(compgen -W 'auto always never' -- "$2")) ;;
	--signal)
		COMPREPLY=($(compgen -A signal -- "SIG${2#SIG}"))
		[[ $2 == SIG* ]] || COMPREPLY=("${COMPREPLY[@]#SIG}") ;;
	--adopt)
		COMPREPLY=($(compgen -W "$(ps -u "$UID" -o pid=)" -- "$2")) ;;
	# No completion, but a value: not a command either.
	--name|-n|--umask|-m|--keep-fd|-k|--restart-delay|--restart-limit) ;;
	--timeout|--grace|--lines) ;;
	*)
		return 1 ;;
	esac
}

_detach() {
	local cur=${COMP_WORDS[COMP_CWORD]} verb='' option='' word i opts
	local IFS=$' \t\n'

	# The first word that is no option and no option's value: the command,
	# or with a verb a job.  `=` is a word of its own here.
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == = ]]; then
			[[ $option ]] || option=${COMP_WORDS[i - 1]}
			continue
		elif [[ $option ]]; then
			option=
			continue
		fi
		case $word in
		--list|--status|--wait|--log|--stop|--forget|--help|--version)
			verb=$word ;;
		--signal|--adopt)
			verb=$word option=$word ;;
		--json|--foreground|--truncate|--print-pid|--quiet|--tree) ;;
		--follow) ;;
		--)
			((i++))
			break ;;
		--*)
			option=$word ;;
		-?*)
			# A cluster: what takes a value takes it from the next
			# word only at its end.
			[[ $word =~ ^-[ftPq]*[nioepCEmuk]$ ]] &&
			    option=-${word: -1} ;;
		*)
			break ;;
		esac
	done

	if ((i < COMP_CWORD)) || [[ ${COMP_WORDS[COMP_CWORD - 1]} == -- ]]; then
		if [[ $verb ]]; then
			_detach_jobs "$cur"
		elif declare -F _command_offset >/dev/null; then
			_command_offset "$i"
		elif ((i == COMP_CWORD)); then
			COMPREPLY=($(compgen -c -- "$cur"))
		else
			compopt -o filenames 2>/dev/null
			IFS=$'\n' COMPREPLY=($(compgen -f -- "$cur"))
		fi
		return
	fi

	[[ $cur == = ]] && cur='' option=${COMP_WORDS[COMP_CWORD - 1]}
	if [[ $option ]]; then
		_detach_value "$option" "$cur"
		return
	fi

	if [[ $cur == -* ]]; then
		case $verb in
		--list|--status) opts='--json' ;;
		--wait) opts='--timeout=' ;;
		--log) opts='--follow --lines=' ;;
		--stop) opts='--grace=' ;;
		--adopt) opts='-n -o -p -q --name= --output= --pidfile=
		    --quiet' ;;
		'') opts='-n -i -o -e -t -p -C -E -m -u -k -P -q -f
		    --name= --input= --output= --error= --truncate
		    --pidfile= --chdir= --env= --umask= --user= --keep-fd=
		    --print-pid --quiet --foreground --on-exit= --restart=
		    --restart-delay= --restart-limit= --tree --scope= --json
		    --list --status --wait --log --stop --signal= --forget
		    --adopt --help --version' ;;
		esac
		COMPREPLY=($(compgen -W "$opts" -- "$cur"))
		[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
		return 0
	fi

	if [[ $verb ]]; then
		_detach_jobs "$cur"
	else
		COMPREPLY=($(compgen -c -- "$cur"))
	fi
}

complete -F _detach detach
