module assistant

go 1.23
