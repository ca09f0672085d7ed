module tokentape

go 1.23
