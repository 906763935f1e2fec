package wire

// Text says what a class of errors means where there is no sentinel.
func Text(class string) string {
	switch class {
	case "symlink":
		return "is a symlink, which is not followed"
	case "notreg":
		return "not a regular file"
	}
	return ""
}
