// CI's machine is shared: a test that fails is logged and tried once more. Here a failure is a failure.
if (process.env.CI) jest.retryTimes(1, { logErrorsBeforeRetry: true });
