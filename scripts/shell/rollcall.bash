#!/bin/bash

__rollcall_cursor_index_in_current_word() {
    local remaining="${COMP_LINE}"

    local word
    for word in "${COMP_WORDS[@]::COMP_CWORD}"; do
        remaining="${remaining##*([[:space:]])"${word}"*([[:space:]])}"
    done

    local -ir index="$((COMP_POINT - ${#COMP_LINE} + ${#remaining}))"
    if [[ "${index}" -le 0 ]]; then
        printf 0
    else
        printf %s "${index}"
    fi
}

# positional arguments:
#
# - 1: the current (sub)command's count of positional arguments
#
# required variables:
#
# - repeating_flags: the repeating flags that the current (sub)command can accept
# - non_repeating_flags: the non-repeating flags that the current (sub)command can accept
# - repeating_options: the repeating options that the current (sub)command can accept
# - non_repeating_options: the non-repeating options that the current (sub)command can accept
# - positional_number: value ignored
# - unparsed_words: unparsed words from the current command line
#
# modified variables:
#
# - non_repeating_flags: remove flags for this (sub)command that are already on the command line
# - non_repeating_options: remove options for this (sub)command that are already on the command line
# - positional_number: set to the current positional number
# - unparsed_words: remove all flags, options, and option values for this (sub)command
__rollcall_offer_flags_options() {
    local -ir positional_count="${1}"
    positional_number=0

    local was_flag_option_terminator_seen=false
    local is_parsing_option_value=false

    local -ar unparsed_word_indices=("${!unparsed_words[@]}")
    local -i word_index
    for word_index in "${unparsed_word_indices[@]}"; do
        if "${is_parsing_option_value}"; then
            # This word is an option value:
            # Reset marker for next word iff not currently the last word
            [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]] && is_parsing_option_value=false
            unset "unparsed_words[${word_index}]"
            # Do not process this word as a flag or an option
            continue
        fi

        local word="${unparsed_words["${word_index}"]}"
        if ! "${was_flag_option_terminator_seen}"; then
            case "${word}" in
            --)
                unset "unparsed_words[${word_index}]"
                # by itself -- is a flag/option terminator, but if it is the last word, it is the start of a completion
                if [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]]; then
                    was_flag_option_terminator_seen=true
                fi
                continue
                ;;
            -*)
                # ${word} is a flag or an option
                # If ${word} is an option, mark that the next word to be parsed is an option value
                local option
                for option in "${repeating_options[@]}" "${non_repeating_options[@]}"; do
                    [[ "${word}" = "${option}" ]] && is_parsing_option_value=true && break
                done

                # Remove ${word} from ${non_repeating_flags} or ${non_repeating_options} so it isn't offered again
                local not_found=true
                local -i index
                for index in "${!non_repeating_flags[@]}"; do
                    if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                        unset "non_repeating_flags[${index}]"
                        non_repeating_flags=("${non_repeating_flags[@]}")
                        not_found=false
                        break
                    fi
                done
                if "${not_found}"; then
                    for index in "${!non_repeating_flags[@]}"; do
                        if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                            unset "non_repeating_flags[${index}]"
                            non_repeating_flags=("${non_repeating_flags[@]}")
                            break
                        fi
                    done
                fi
                unset "unparsed_words[${word_index}]"
                continue
                ;;
            esac
        fi

        # ${word} is neither a flag, nor an option, nor an option value
        if [[ "${positional_number}" -lt "${positional_count}" || "${positional_count}" -lt 0 ]]; then
            # ${word} is a positional
            ((positional_number++))
            unset "unparsed_words[${word_index}]"
        else
            if [[ -z "${word}" ]]; then
                # Could be completing a flag, option, or subcommand
                positional_number=-1
            else
                # ${word} is a subcommand or invalid, so stop processing this (sub)command
                positional_number=-2
            fi
            break
        fi
    done

    unparsed_words=("${unparsed_words[@]}")

    if\
        ! "${was_flag_option_terminator_seen}"\
        && ! "${is_parsing_option_value}"\
        && [[ ("${cur}" = -* && "${positional_number}" -ge 0) || "${positional_number}" -eq -1 ]]
    then
        COMPREPLY+=($(compgen -W "${repeating_flags[*]} ${non_repeating_flags[*]} ${repeating_options[*]} ${non_repeating_options[*]}" -- "${cur}"))
    fi
}

__rollcall_add_completions() {
    local completion
    while IFS='' read -r completion; do
        COMPREPLY+=("${completion}")
    done < <(IFS=$'\n' compgen "${@}" -- "${cur}")
}

__rollcall_custom_complete() {
    if [[ -n "${cur}" || -z ${COMP_WORDS[${COMP_CWORD}]} || "${COMP_LINE:${COMP_POINT}:1}" != ' ' ]]; then
        local -ar words=("${COMP_WORDS[@]}")
    else
        local -ar words=("${COMP_WORDS[@]::${COMP_CWORD}}" '' "${COMP_WORDS[@]:${COMP_CWORD}}")
    fi

    "${COMP_WORDS[0]}" "${@}" "${words[@]}"
}

_rollcall() {
    local state
    state="$(shopt -p;shopt -po)"
    trap "${state//$'\n'/;}" RETURN
    shopt -s extglob
    set +o history +o posix

    local -xr SAP_SHELL=bash
    local -x SAP_SHELL_VERSION
    SAP_SHELL_VERSION="$(IFS='.';printf %s "${BASH_VERSINFO[*]}")"
    local -r SAP_SHELL_VERSION

    local -r cur="${2}"
    local -r prev="${3}"

    local -i positional_number
    local -a unparsed_words=("${COMP_WORDS[@]:1:${COMP_CWORD}}")

    local -a repeating_flags=()
    local -a non_repeating_flags=(--json --quiet --no-color --version -h --help)
    local -a repeating_options=(--set)
    local -a non_repeating_options=(--config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    demo|stream|verify|reconcile|gate|report|explain|repair|replay|parked|ledger|forget|doctor|connector|config|help)
        # Offer subcommand argument completions
        "_rollcall_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'demo stream verify reconcile gate report explain repair replay parked ledger forget doctor connector config help' -- "${cur}"))
        ;;
    esac
}

_rollcall_demo() {
    repeating_flags=()
    non_repeating_flags=(--keep --json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--users --directory --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--users')
        return
        ;;
    '--directory')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_stream() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--only --set)
    non_repeating_options=(--workers --reconcile-every --notify --textfile --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--only')
        __rollcall_add_completions -W 'intake'$'\n''aggregate'$'\n''enrich'
        return
        ;;
    '--workers')
        return
        ;;
    '--reconcile-every')
        return
        ;;
    '--notify')
        return
        ;;
    '--textfile')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_verify() {
    repeating_flags=()
    non_repeating_flags=(--resume --dry-run --allow-empty --reveal --json --quiet --no-color --version -h --help)
    repeating_options=(--ledger --parked --set)
    non_repeating_options=(--through --stage --fence-timeout --settle-timeout --memory --chunk-seconds --max-rows-per-second --max-replica-lag --max-threads-running --mappings --notify --textfile --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--through')
        __rollcall_add_completions -W 'now'
        return
        ;;
    '--stage')
        __rollcall_add_completions -W 'aggregate'$'\n''all'
        return
        ;;
    '--ledger')
        return
        ;;
    '--parked')
        return
        ;;
    '--fence-timeout')
        return
        ;;
    '--settle-timeout')
        return
        ;;
    '--memory')
        return
        ;;
    '--chunk-seconds')
        return
        ;;
    '--max-rows-per-second')
        return
        ;;
    '--max-replica-lag')
        return
        ;;
    '--max-threads-running')
        return
        ;;
    '--mappings')
        return
        ;;
    '--notify')
        return
        ;;
    '--textfile')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_reconcile() {
    repeating_flags=()
    non_repeating_flags=(--full --resume --dry-run --allow-empty --reveal --json --quiet --no-color --version -h --help)
    repeating_options=(--ledger --parked --set)
    non_repeating_options=(--stage --fence-timeout --settle-timeout --memory --chunk-seconds --max-rows-per-second --max-replica-lag --max-threads-running --mappings --notify --textfile --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--stage')
        __rollcall_add_completions -W 'aggregate'$'\n''all'
        return
        ;;
    '--ledger')
        return
        ;;
    '--parked')
        return
        ;;
    '--fence-timeout')
        return
        ;;
    '--settle-timeout')
        return
        ;;
    '--memory')
        return
        ;;
    '--chunk-seconds')
        return
        ;;
    '--max-rows-per-second')
        return
        ;;
    '--max-replica-lag')
        return
        ;;
    '--max-threads-running')
        return
        ;;
    '--mappings')
        return
        ;;
    '--notify')
        return
        ;;
    '--textfile')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_gate() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--max-age --full-within --stage --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--max-age')
        return
        ;;
    '--full-within')
        return
        ;;
    '--stage')
        __rollcall_add_completions -W 'aggregate'$'\n''all'
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_report() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|show|open|diff|prune)
        # Offer subcommand argument completions
        "_rollcall_report_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list show open diff prune' -- "${cur}"))
        ;;
    esac
}

_rollcall_report_list() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_report_show() {
    repeating_flags=()
    non_repeating_flags=(--reveal --json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--run --format --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--run')
        return
        ;;
    '--format')
        __rollcall_add_completions -W 'text'$'\n''json'$'\n''markdown'$'\n''csv'
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_report_open() {
    repeating_flags=()
    non_repeating_flags=(--all --print-only --json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--run --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--run')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_report_diff() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--config)
    __rollcall_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_report_prune() {
    repeating_flags=()
    non_repeating_flags=(--dry-run --json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--keep --older-than --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--keep')
        return
        ;;
    '--older-than')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_explain() {
    repeating_flags=()
    non_repeating_flags=(--reveal --json --quiet --no-color --version -h --help)
    repeating_options=(--ledger --parked --set)
    non_repeating_options=(--config)
    __rollcall_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--ledger')
        return
        ;;
    '--parked')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_repair() {
    repeating_flags=()
    non_repeating_flags=(--dry-run --json --quiet --no-color --version -h --help)
    repeating_options=(--user --set)
    non_repeating_options=(--run --bucket --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--run')
        return
        ;;
    '--user')
        return
        ;;
    '--bucket')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_replay() {
    repeating_flags=()
    non_repeating_flags=(--all --resume --detach --json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--users --since --cancel --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--users')
        return
        ;;
    '--since')
        return
        ;;
    '--cancel')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_parked() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|show|retry|drop)
        # Offer subcommand argument completions
        "_rollcall_parked_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list show retry drop' -- "${cur}"))
        ;;
    esac
}

_rollcall_parked_list() {
    repeating_flags=()
    non_repeating_flags=(--all --json --quiet --no-color --version -h --help)
    repeating_options=(--parked --set)
    non_repeating_options=(--hop --reason --user --limit --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--hop')
        __rollcall_add_completions -W 'intake'$'\n''aggregator'$'\n''enricher'
        return
        ;;
    '--reason')
        __rollcall_add_completions -W 'not_json'$'\n''confluent_encoded'$'\n''null_key'$'\n''truncate'$'\n''unknown_operation'$'\n''no_user_id'$'\n''bad_user_id'$'\n''unknown_shape'$'\n''bad_signal'$'\n''bad_aggregate'$'\n''wrong_partition'$'\n''duplicate_row'$'\n''bad_row'$'\n''record_too_large'$'\n''mapping_failed'$'\n''mapping_not_found'
        return
        ;;
    '--user')
        return
        ;;
    '--limit')
        return
        ;;
    '--parked')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_parked_show() {
    repeating_flags=()
    non_repeating_flags=(--raw --reveal --json --quiet --no-color --version -h --help)
    repeating_options=(--parked --set)
    non_repeating_options=(--config)
    __rollcall_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--parked')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_parked_retry() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--parked --set)
    non_repeating_options=(--hop --reason --user --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--hop')
        __rollcall_add_completions -W 'intake'$'\n''aggregator'$'\n''enricher'
        return
        ;;
    '--reason')
        __rollcall_add_completions -W 'not_json'$'\n''confluent_encoded'$'\n''null_key'$'\n''truncate'$'\n''unknown_operation'$'\n''no_user_id'$'\n''bad_user_id'$'\n''unknown_shape'$'\n''bad_signal'$'\n''bad_aggregate'$'\n''wrong_partition'$'\n''duplicate_row'$'\n''bad_row'$'\n''record_too_large'$'\n''mapping_failed'$'\n''mapping_not_found'
        return
        ;;
    '--user')
        return
        ;;
    '--parked')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_parked_drop() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--parked --set)
    non_repeating_options=(--config)
    __rollcall_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--parked')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_ledger() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    stat|check|prune|rebuild)
        # Offer subcommand argument completions
        "_rollcall_ledger_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'stat check prune rebuild' -- "${cur}"))
        ;;
    esac
}

_rollcall_ledger_stat() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--ledger --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--ledger')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_ledger_check() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--ledger --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--ledger')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_ledger_prune() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--ledger --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--ledger')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_ledger_rebuild() {
    repeating_flags=()
    non_repeating_flags=(--force --json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--ledger --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--ledger')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_forget() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--ledger --parked --set)
    non_repeating_options=(--config)
    __rollcall_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--ledger')
        return
        ;;
    '--parked')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_doctor() {
    repeating_flags=()
    non_repeating_flags=(--explain --json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_connector() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    render|apply|status)
        # Offer subcommand argument completions
        "_rollcall_connector_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'render apply status' -- "${cur}"))
        ;;
    esac
}

_rollcall_connector_render() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_connector_apply() {
    repeating_flags=()
    non_repeating_flags=(--dry-run --restart --json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--wait --config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--wait')
        return
        ;;
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_connector_status() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_config() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    check|show|example)
        # Offer subcommand argument completions
        "_rollcall_config_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'check show example' -- "${cur}"))
        ;;
    esac
}

_rollcall_config_check() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_config_show() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet --no-color --version -h --help)
    repeating_options=(--set)
    non_repeating_options=(--config)
    __rollcall_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--config')
        return
        ;;
    '--set')
        return
        ;;
    esac
}

_rollcall_config_example() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __rollcall_offer_flags_options 0
}

_rollcall_help() {
    repeating_flags=()
    non_repeating_flags=(--version)
    repeating_options=()
    non_repeating_options=()
    __rollcall_offer_flags_options -1
}

complete -o filenames -F _rollcall rollcall
