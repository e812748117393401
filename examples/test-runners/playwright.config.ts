import { defineConfig } from '@playwright/test'

const { CHROMIUM_PATH } = process.env

export default defineConfig({
  testMatch: 'playwright.test.ts',
  // A Chromium or Chrome of the machine; left out: the one that `npx playwright install chromium` fetches.
  use: { launchOptions: CHROMIUM_PATH ? { executablePath: CHROMIUM_PATH, args: ['--no-sandbox'] } : {} }
})
