package words_test

import (
	"errors"
	"fmt"

	"github.com/cephstack/cephstack"
)

// A password in a struct, and in the words of another program, does not print.
func Example_secrets() {
	login := struct {
		User     string
		Password cephstack.Redacted
	}{"ops", cephstack.Redact("correct horse")}
	fmt.Printf("%v %+v\n", login, login)
	said := errors.New(`cannot parse "password = battery staple" of the file`)
	fmt.Println(cephstack.WithoutSecrets(said.Error()))
	fmt.Println(cephstack.ShellQuote("rm -rf 'here'"), login.Password.Len())
	// Output:
	// {ops [redacted]} {User:ops Password:[redacted]}
	// cannot parse "password = [redacted]
	// 'rm -rf '\''here'\''' 13
}
