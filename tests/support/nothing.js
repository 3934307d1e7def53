// Stands for a module that nothing calls.
