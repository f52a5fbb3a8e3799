# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Completion of utrace(1) for bash.

# The engines that utrace itself finds; their lines begin with no blank.
_utrace_engines()
{
	"${COMP_WORDS[0]}" --engines 2>/dev/null | sed -n 's/^\([^ ][^ ]*\) .*/\1/p'
}

_utrace_options()
{
	mapfile -t COMPREPLY < <(compgen -W '-e -f -h -o -p -q -V
		--attach= --buffer= --engine= --engines --follow-forks --help
		--output= --quiet --version --when-full=' -- "$1")
	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
}

# What an option takes, by the option and what was typed of it.
_utrace_argument()
{
	case $1 in
	-e | --engine)
		if [[ $2 == */* ]]; then
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -f -- "$2")
		else
			mapfile -t COMPREPLY < <(compgen -W "$(_utrace_engines)" -- "$2")
			compopt -o nospace
		fi
		;;
	-o | --output)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
		;;
	-p | --attach)
		mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$2")
		;;
	--when-full)
		mapfile -t COMPREPLY < <(compgen -W 'wait drop' -- "$2")
		;;
	--buffer)
		mapfile -t COMPREPLY < <(compgen -W '64K 1M 4M 16M' -- "$2")
		;;
	esac
}

_utrace_takes_argument()
{
	case $1 in
	-e | -o | -p | --engine | --output | --attach | --when-full | --buffer)
		return 0 ;;
	esac
	return 1
}

_utrace()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local i

	COMPREPLY=()
	# from the command on it is the command's own completion
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--)
			((i++))
			break ;;
		=)
			((i++)) ;;
		-*)
			if _utrace_takes_argument "${COMP_WORDS[i]}" &&
			   [ "${COMP_WORDS[i + 1]}" != = ]; then
				((i++))
				# NAME:OPTIONS is three words to bash
				while [ "${COMP_WORDS[i + 1]-}" = : ]; do
					((i += 2))
				done
			fi ;;
		*)
			break ;;
		esac
	done
	if ((i < COMP_CWORD)); then
		if declare -F _command_offset >/dev/null; then
			_command_offset "$i"
		else
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi
		return
	fi

	if [ "$cur" = = ]; then
		_utrace_argument "$prev" ''
	elif [ "$prev" = = ] && ((COMP_CWORD > 2)); then
		_utrace_argument "${COMP_WORDS[COMP_CWORD - 2]}" "$cur"
	elif _utrace_takes_argument "$prev"; then
		_utrace_argument "$prev" "$cur"
	elif [[ $cur == -* ]]; then
		_utrace_options "$cur"
	else
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	fi
}

complete -F _utrace utrace
