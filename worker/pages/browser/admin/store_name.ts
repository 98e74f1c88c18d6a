// Where a browser keeps a user's document of an app. A name of an app has no slash, so no two have
// the same place.

export const storeName = (user: string, app: string): string => `documents/${user}/${app}`;
