names=$1
shift
said="neither docker nor podman is installed"
for engine in docker podman; do
	command -v "$engine" >/dev/null || continue
	for name in $names; do
		said=$("$engine" inspect --type container --format '{{.State.Running}}' "$name" 2>&1 </dev/null)
		case $said in
		true) exec "$engine" exec -i "$name" sh -c 'cat | "$@"' sh "$@" ;;
		false) said="$name does not run" ;;
		esac
	done
done
said=$(printf %s "$said" | tail -n 1)
printf 'none of these containers runs here: %s (%s)\n' "$names" "$said" >&2
exit 125
